"""Parsing of search queries, without a database."""

import pytest

from posts.search.query import MAX_CHARACTERS, MAX_TERMS, Term, parse


def required(typed: str) -> list[tuple[str, ...]]:
    return [term.words for term in parse(typed).required]


def excluded(typed: str) -> list[tuple[str, ...]]:
    return [term.words for term in parse(typed).excluded]


def test_words_are_small_and_without_accents() -> None:
    assert required("Café ZOË night") == [("cafe",), ("zoe",), ("night",)]


@pytest.mark.parametrize("quotes", ['""', "“”", "„“", "«»"])
def test_quotes_of_any_kind_hold_a_phrase_together(quotes: str) -> None:
    assert required(f"{quotes[0]}peer support{quotes[1]} night") == [
        ("peer", "support"),
        ("night",),
    ]


def test_a_minus_before_a_word_or_a_phrase_leaves_it_out() -> None:
    assert excluded('training -fire -"peer support"') == [("fire",), ("peer", "support")]
    assert required('training -fire -"peer support"') == [("training",)]


def test_a_minus_within_or_after_a_word_is_none() -> None:
    assert excluded("call-taking off- - night") == []
    assert required("call-taking off- - night") == [("call", "taking"), ("off",), ("night",)]


def test_the_last_word_is_a_prefix() -> None:
    assert parse("night dispat").required == (Term(("night",)), Term(("dispat",), prefix=True))


@pytest.mark.parametrize(
    "typed", ['night "dispat"', "night dispat -fire", "night d", "call-taking"]
)
def test_a_phrase_an_unwanted_word_and_a_single_letter_do_not_go_on(typed: str) -> None:
    assert not any(term.prefix for term in parse(typed).required)


def test_stop_words_are_dropped_if_other_words_remain() -> None:
    assert required("what is the best way to handle the silence") == [
        ("best",),
        ("way",),
        ("handle",),
        ("silence",),
    ]
    assert required("the who") == [("the",), ("who",)]
    assert required('"to be" calm') == [("to", "be"), ("calm",)]


def test_both_spellings_of_911_parse_alike() -> None:
    assert parse("9-1-1").required[0].spellings == parse("911").required[0].spellings


def test_a_word_typed_twice_is_looked_for_once() -> None:
    assert required("fire fire fire alarm") == [("fire",), ("alarm",)]


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        '"',
        '""',
        '"" ""',
        "-",
        "---",
        '-"',
        '-""',
        "'",
        "*",
        "&|!():",
        "\x00",
        "🔥",
        "\ud800",
    ],
)
def test_a_query_without_words_is_false(typed: str) -> None:
    assert not parse(typed)


def test_a_query_of_exclusions_only_is_false() -> None:
    assert not parse("-fire")
    assert excluded("-fire") == [("fire",)]


def test_an_unpaired_quotation_mark_is_ignored() -> None:
    assert required('"peer support') == [("peer",), ("support",)]
    assert required('night "peer support" "shift') == [("night",), ("peer", "support"), ("shift",)]


def test_the_displayed_query_is_printable_and_truncated() -> None:
    assert parse("  fire\x00\n\talarm \x07").text == "fire alarm"
    assert parse("‘don’t’ 🔥 \ud800").text == "‘don’t’ 🔥"
    long = parse("night shift " * 700)
    assert len(long.text) <= MAX_CHARACTERS
    assert sorted(term.words for term in long.required) == [("night",), ("shift",)]
    assert len(parse(" ".join(f"word{n}" for n in range(99))).required) <= MAX_TERMS


def test_a_very_long_word_is_truncated() -> None:
    (term,) = parse("x" * 8000).required
    assert len(term.words[0]) == 60


def test_only_letters_and_digits_reach_a_database() -> None:
    typed = "a'b; DROP TABLE posts_post; -- {title} NEAR(x, 2) col:y ^z * 1=1 \\ $$ %s ?"
    query = parse(typed)
    for term in (*query.required, *query.excluded):
        assert all(word.isalnum() for word in term.words)
    assert query.required


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("fire dispatchers", "“fire dispatchers”"),
        ('"fire dispatchers"', "“fire dispatchers”"),
        ("»fire dispatchers« night", "“fire dispatchers” night"),
        ('a desk of 60"', '“a desk of 60"”'),
    ],
)
def test_the_displayed_query_has_one_pair_of_quotes(typed: str, shown: str) -> None:
    assert parse(typed).quoted == shown


def test_full_width_letters_and_ligatures_are_normalised() -> None:
    assert parse("ｆｉｒｅ ﬁre ﬃ") == parse("fire fire ffi")
    assert parse("m²").required[0].words == ("m²",)


def test_a_possessive_ending_is_dropped() -> None:
    assert parse("dispatcher's").required == parse("dispatcher").required
    assert parse("-dispatcher’s 'S").excluded == parse("-dispatcher").excluded
    assert parse("it'sy").required[0].words == ("it", "sy")
    assert parse('"dispatcher\'s"').required[0].words == ("dispatcher", "s")
