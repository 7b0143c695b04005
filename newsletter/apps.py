from django.apps import AppConfig


class NewsletterConfig(AppConfig):
    name = "newsletter"
    verbose_name = "The Weekly Alarm"

    def ready(self) -> None:
        from alarmroom.desk.signing_in import reset
        from newsletter import ran_in, sample
        from newsletter.delivery import alerts
        from newsletter.feedback import leaving
        from newsletter.models import Issue
        from posts import previews
        from posts import ran_in as articles_ran_in
        from posts.checks import known
        from posts.models import image
        from subscribers import sample as sample_of_newsletter
        from subscribers import signup

        reset.FORBIDDEN.append(alerts.never_mailed)
        image.SHOWN_IN.append(Issue.objects.showing)
        known.OTHERS["newsletter:issue"] = Issue.objects.readable
        previews.KINDS.insert(1, previews.Kind("issue", "Next issue", "newsletter:preview-item"))
        articles_ran_in.SOURCES.append(ran_in.SOURCE)
        signup.LEFT_BY_ISSUE.append(leaving.note_left)
        sample_of_newsletter.SOURCES.append(sample.newest)
