"""Its being here puts this folder on the path, so that tests and their workers can import toys."""


def pytest_make_parametrize_id(config, val, argname):
    """Name bytes by their argument: compressed ones hold the time, and workers must agree."""
    return argname if isinstance(val, bytes) else None
