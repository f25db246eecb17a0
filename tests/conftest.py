"""Its being here puts this folder on the path, so that tests and their workers can import toys."""

import os

from hypothesis import HealthCheck, settings

# timings decide no test: other work may share the machine
settings.register_profile("ours", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ours")


def pytest_make_parametrize_id(config, val, argname):
    """Name bytes by their argument: compressed ones hold the time, and workers must agree."""
    return argname if isinstance(val, bytes) else None


# Ray, before anything imports it: each test starts its own and looks for no other, tells nobody,
# and does not warn of its own plans
os.environ["RAY_ADDRESS"] = "local"
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"
