"""One profile for every property of the domain: the same examples on each run, and a bounded effort."""

from hypothesis import HealthCheck, Phase, settings

settings.register_profile(
    "domain",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=30,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("domain")
