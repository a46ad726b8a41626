# SPDX-License-Identifier: BSD-2-Clause
"""The real parts that the end-to-end tests and the demo start: see world.py."""
