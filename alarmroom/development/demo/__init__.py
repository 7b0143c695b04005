"""Demo content: articles, issues, resources and their pictures, made for a first look."""
