"""What pytest needs to know of this checkout: the project's own tests use pytester."""

pytest_plugins = ["pytester"]
