"""What machines can say about every page: Lighthouse, axe-core and the Nu HTML checker."""
