import pytest

from hub.settings.caches import previews


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("redis://127.0.0.1:6379/0", True),
        ("rediss://redis.example.org/1", True),
        ("amqp://guest:guest@127.0.0.1:5672//", False),
        ("", False),
    ],
)
def test_previews_are_kept_in_redis_and_nowhere_else(url: str, kept: bool) -> None:
    assert previews(url)["BACKEND"].endswith("RedisCache" if kept else "DummyCache")
