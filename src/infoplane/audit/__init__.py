"""Audit of the estimators: tasks whose mutual information is known, and what each makes of them."""

from infoplane.audit.auditing import (
    audit_estimators,
    standard_subjects,
    standard_tasks,
    trusted_cells,
)
from infoplane.audit.subjects import AuditSubject

__all__ = [
    "AuditSubject",
    "audit_estimators",
    "standard_subjects",
    "standard_tasks",
    "trusted_cells",
]
