from tests.windows_files import windows_files  # noqa: F401 - a fixture
