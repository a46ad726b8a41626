# SPDX-License-Identifier: BSD-2-Clause
"""The chapters of the demo. demo.py plays them."""
