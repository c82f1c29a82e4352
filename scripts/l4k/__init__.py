# SPDX-License-Identifier: BSD-2-Clause
"""The measurement harness: boots guests in QEMU, reads their logs and counts, makes the table.

Lower modules never import higher ones: layout, guest_log -> guest -> rows -> measure -> report.
"""
