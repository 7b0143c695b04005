import pytest

# What a paper asserts is explained as in a test.
pytest.register_assert_rewrite("tests.alarmroom.kept.paper")
