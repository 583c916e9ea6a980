"""Tests of what is read: every rule of an invoice file, hostile files, and the sample book."""
