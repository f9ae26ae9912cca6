"""What people read: the static site, the commune workbooks, the official Word report.

Gets results as ``sosach.report.model``; opens no database and reads no lake.
"""
