"""Checks every page type with Lighthouse, axe-core and the Nu HTML checker."""
