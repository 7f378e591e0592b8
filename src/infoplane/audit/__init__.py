"""Audit of the estimators: tasks whose mutual information is known, and what each makes of them."""

from infoplane.audit.auditing import (
    audit_estimators,
    standard_subjects,
    standard_tasks,
    trusted_cells,
)
from infoplane.audit.drops import DropTask, audit_drops, drop_tasks
from infoplane.audit.subjects import AuditSubject

__all__ = [
    "AuditSubject",
    "DropTask",
    "audit_drops",
    "audit_estimators",
    "drop_tasks",
    "standard_subjects",
    "standard_tasks",
    "trusted_cells",
]
