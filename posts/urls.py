from django.urls import path, register_converter

from posts import share_image
from posts.admin import chooser, links, uploads
from posts.views import (
    archive,
    article,
    feeds,
    lists,
    own_links,
    pages,
    preview,
    preview_as,
    saved,
    search,
    shared_draft,
    tried,
)

register_converter(archive.Year, "year")
register_converter(archive.Month, "month")

app_name = "posts"
urlpatterns = [
    path("", lists.front, name="front"),
    path("articles/<slug:slug>/", article.article, name="article"),
    path("tags/<slug:slug>/", lists.tag, name="tag"),
    path("authors/<slug:slug>/", lists.author, name="author"),
    path("topics/", archive.topics, name="topics"),
    path("archive/", archive.archive, name="archive"),
    path("archive/<year:year>/", archive.year, name="year"),
    path("archive/<year:year>/<month:month>/", archive.month, name="month"),
    path("search/", search.page, name="search"),
    path("search/suggest/", search.suggestions, name="suggest"),
    path("articles/<slug:slug>/share.jpg", share_image.view, name="share-image"),
    path("feeds/", feeds.index, name="feeds"),
    path("feeds/<str:file_name>", feeds.site_feed, name="site-feed"),
    path("tags/<slug:slug>/<str:file_name>", feeds.tag_feed, name="tag-feed"),
    path("authors/<slug:slug>/<str:file_name>", feeds.author_feed, name="author-feed"),
    path("preview/new/", preview.preview_new, name="preview-new"),
    path("preview/<int:pk>/", preview.preview, name="preview"),
    path("preview/new/search/", preview_as.search_result, name="preview-search-new"),
    path("preview/<int:pk>/search/", preview_as.search_result, name="preview-search"),
    path("preview/new/card/", preview_as.social_card, name="preview-card-new"),
    path("preview/<int:pk>/card/", preview_as.social_card, name="preview-card"),
    path("preview/new/tab/", preview_as.tab, name="preview-tab-new"),
    path("preview/<int:pk>/tab/", preview_as.tab, name="preview-tab"),
    path("draft/<str:token>/", shared_draft.shared_draft, name="shared-draft"),
    path("to/article/<int:number>/", own_links.to_article, name="to-article"),
    path("to/page/<int:number>/", own_links.to_page, name="to-page"),
    path("desk/links/", links.find_links, name="find-links"),
    path("desk/pictures/", chooser.find_pictures, name="find-pictures"),
    path("desk/pictures/now/", chooser.present_pictures, name="present-pictures"),
    path("desk/upload/", uploads.upload_image, name="image-upload"),
    path("saved/", saved.saved, name="saved"),
    path("articles/", tried.front, name="tried-articles"),
    path("tags/", tried.topics, name="tried-tags"),
    *(
        path(address, tried.feed, {"file_name": feed}, name=f"tried-{address.rstrip('/')}")
        for address, feed in tried.FEEDS.items()
    ),
    # The last one, because it matches any single word.
    path("<slug:slug>/", pages.page, name="page"),
]
