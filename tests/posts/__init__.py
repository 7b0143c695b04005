import pytest

# What is asserted of a feed on its way into a test is explained as in the test.
pytest.register_assert_rewrite("tests.posts.views.feeds")
