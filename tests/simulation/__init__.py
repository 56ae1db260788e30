"""Buyers, workers, a payment provider and a broker that crash, repeat, reorder and delay, against the real services.

`make simulate` plays seeds of random histories and checks the laws of money after each step; see __main__.py.
"""
