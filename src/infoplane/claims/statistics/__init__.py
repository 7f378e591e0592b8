"""Claim statistics: from evidence to a finding with an interval.

Every module here is searched for them: nothing else has to name it.
"""
