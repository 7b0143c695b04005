"""`make torture`: workers, databases and mail servers die while an issue is sent."""
