"""Map the rooms at the root to packages of the ``windtunnel`` namespace; see pyproject.toml."""

from setuptools import find_packages, setup

ROOMS = ("contracts", "simulator", "scenarios", "load", "design", "reports")

packages = [
    f"windtunnel.{package}"
    for room in ROOMS
    for package in [room, *(f"{room}.{found}" for found in find_packages(room))]
]

setup(
    packages=packages,
    package_dir={f"windtunnel.{room}": room for room in ROOMS},
    include_package_data=False,
)
