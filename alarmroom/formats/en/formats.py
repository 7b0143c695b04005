"""How Django writes dates and times where nothing else is said, such as in the desk's lists."""

DATE_FORMAT = SHORT_DATE_FORMAT = "F j, Y"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = SHORT_DATETIME_FORMAT = "F j, Y, H:i"
MONTH_DAY_FORMAT = "F j"
