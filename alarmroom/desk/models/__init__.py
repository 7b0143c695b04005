from alarmroom.desk.models.revision import Revision
from alarmroom.desk.models.working_copy import WorkingCopy

__all__ = ["Revision", "WorkingCopy"]
