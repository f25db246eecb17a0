"""Its being here puts this folder on the path, so that tests and their workers can import toys."""
