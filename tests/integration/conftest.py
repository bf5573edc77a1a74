"""Fixtures of the integration tests."""

import os

import pytest
import serving

# gRPC would go through a proxy even to loopback.
for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
    del os.environ[name]


@pytest.fixture(scope="module")
def server():
    """A server of the sample repository for the whole file; its clean stop is part of the test."""
    with serving.Server() as running:
        yield running


@pytest.fixture(scope="session")
def images():
    return serving.held_out_images()
