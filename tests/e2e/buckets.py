# SPDX-License-Identifier: Apache-2.0
"""Buckets for the end-to-end tests."""
import os
import sys

import lake

sys.path.insert(0, os.path.join(lake.ROOT, "tests", "stand_ins"))
from s3_client import Bucket  # noqa: E402,F401
