import pytest

# pytest then explains failed assertions of these helpers as it does in a test file.
pytest.register_assert_rewrite("tests.posts.views.feeds")
