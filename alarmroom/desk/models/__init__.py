from alarmroom.desk.models.act import Act
from alarmroom.desk.models.binned import Binned
from alarmroom.desk.models.letter import Letter
from alarmroom.desk.models.password_reset import PasswordReset
from alarmroom.desk.models.revision import Revision
from alarmroom.desk.models.session import Session
from alarmroom.desk.models.working_copy import WorkingCopy

__all__ = ["Act", "Binned", "Letter", "PasswordReset", "Revision", "Session", "WorkingCopy"]
