"""Texts in other Englishes, made of others by rules: what a reader must not mind.

Features that many speakers of English have and edited English lacks (Kortmann and Lunkenheimer,
eWAVE; as training data Ziems et al. 2022, "VALUE"): articles left out, ``it is boiling at 100
degrees``, ``it boil``, ``informations``, ``discuss about``, questions in the order of statements,
subjects said twice, tags, spellings of Scots and of African-American English. What a text teaches
stays what it was. Rules over words, no parser: some sentences come out as nobody would say them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["englishes"]

Floats = npt.NDArray[np.float64]
Rule = Callable[[str, np.random.Generator], str]

TAUGHT, COUNT, OTHERS = 1.5, 3_600, 1_400
"""How many of texts with a first label of at least so much, and how many of others."""
LEAST, MOST = 0.35, 0.95
"""How often a rule does what it could, drawn for each text."""
USED = 0.7
"""Share of the rules of an English that a text has."""

_VERBS = re.findall(
    "[a-z]+",
    """act add allow appear apply ask become begin believe belong bring build burn call carry
cause change come contain continue cost cut decide depend describe develop drop eat end exist expect
explain fall feel find flow follow form get give go grow happen have help hold increase keep know
lead learn leave let live look lose make mean measure meet move need occur offer pay play produce
provide pull push put reach read receive reduce remain require rise run say see seem sell send serve
show sit spend stand start stay stop take teach tell tend think travel try turn understand use want
wear work write""",
)
_DOUBLED = {"begin", "cut", "drop", "get", "let", "put", "run", "sit", "stop"}


def _third(verb: str) -> str:
    if verb in ("have", "go"):
        return {"have": "has", "go": "goes"}[verb]
    if re.search("[^aeiou]y$", verb):
        return verb[:-1] + "ies"
    return verb + ("es" if re.search("(s|sh|ch|x)$", verb) else "s")


def _going(verb: str) -> str:
    if verb in _DOUBLED:
        return verb + verb[-1] + "ing"
    return (verb[:-1] if re.search("[^e]e$", verb) else verb) + "ing"


_PLAIN = {_third(verb): verb for verb in _VERBS}
_THIRD = "|".join(_PLAIN)
_BASE = "|".join(_VERBS)


def _replaced(pattern: str, by: str | Callable[[re.Match[str]], str], share: float = 1.0) -> Rule:
    """Return a rule that replaces so many of what `pattern` finds; capitals stay."""
    found = re.compile(pattern, re.IGNORECASE)

    def rule(text: str, rng: np.random.Generator) -> str:
        much = rng.uniform(LEAST, MOST) * share

        def one(match: re.Match[str]) -> str:
            if rng.random() >= much:
                return match[0]
            new = match.expand(by) if isinstance(by, str) else by(match)
            return new[:1].upper() + new[1:] if match[0][:1].isupper() else new

        return found.sub(one, text)

    return rule


def _words(pairs: str, share: float = 1.0) -> Rule:
    """Return a rule that replaces words: ``"of=o and=an"``; ``_`` stands for a space."""
    table = dict(pair.replace("_", " ").split("=") for pair in pairs.split())
    either = "|".join(sorted(table, key=len, reverse=True))
    return _replaced(rf"\b(?:{either})\b", lambda match: table[match[0].lower()], share)


def _opened(*openings: str, share: float = 0.3) -> Rule:
    """Return a rule that puts words before sentences."""
    return _between(lambda rng: (str(rng.choice(openings)) + " ", ""), share)


def _closed(*tags: str, share: float = 0.3) -> Rule:
    """Return a rule that puts a tag at the end of sentences."""
    return _between(lambda rng: ("", str(rng.choice(tags))), share)


def _between(made: Callable[[np.random.Generator], tuple[str, str]], share: float) -> Rule:
    sentence = re.compile(r"(?:(?<=[.!?]\s)|\A)([A-Z][a-z]+)((?:\s[^.!?\n]*[a-z]))(\.)(?=\s|\Z)")

    def rule(text: str, rng: np.random.Generator) -> str:
        much = rng.uniform(LEAST, MOST) * share

        def one(match: re.Match[str]) -> str:
            if rng.random() >= much:
                return match[0]
            before, after = made(rng)
            first = match[1].lower() if before and match[1] != "I" else match[1]
            return f"{before}{first}{match[2]}{after or match[3]}"

        return sentence.sub(one, text)

    return rule


_no_articles = _replaced(r"\b(?:the|an?) ([a-z])", r"\1", 0.9)
_no_s = _replaced(rf"\b({_THIRD})\b", lambda match: _PLAIN[match[1].lower()])
_going_on = _replaced(
    rf"(?<!\bto )\b({_THIRD})\b", lambda match: f"is {_going(_PLAIN[match[1].lower()])}", 0.8
)
_they_are_going_on = _replaced(
    rf"\b(they|we|you|people|[a-z]+(?<!s)s) ({_BASE})\b",
    lambda match: f"{match[1]} are {_going(match[2].lower())}",
    0.6,
)
_many = _words(
    "information=informations equipment=equipments research=researches advice=advices "
    "evidence=evidences furniture=furnitures knowledge=knowledges work=works luggage=luggages "
    "machinery=machineries vocabulary=vocabularies staff=staffs food=foods money=monies "
    "homework=homeworks damage=damages behavior=behaviours software=softwares"
)
_one = _replaced(
    r"\b(two|three|four|five|six|many|several|these|those|all|most|some) ([a-z]{3,})s\b",
    r"\1 \2",
)
_about = _words(
    "discuss=discuss_about discusses=discusses_about discussed=discussed_about "
    "describe=describe_about describes=describes_about emphasize=emphasize_on "
    "request=request_for study=study_about comprises=comprises_of contains=contains_of "
    "order=order_for enter=enter_into reach=reach_to reaches=reaches_to "
    "return=return_back returns=returns_back repeat=repeat_again explain=explain_about"
)
_other_small_words = _words(
    "depends_on=depends_of consists_of=consists_in different_from=different_than "
    "interested_in=interested_on at_night=in_the_night on_the=in_the at_the=in_the "
    "in_the=on_the similar_to=similar_with because_of=due_of during=along since=from for=since "
    "than=then much=many many=much which=what who=which also=as_well every=all",
    0.6,
)
_statement_questions = _replaced(
    r"\b(why|how|when|where|what) (is|are|do|does|did|can|will) ((?:the |an? )?[a-z]+)\b",
    lambda m: f"{m[1]} {m[3]}" + (f" {m[2]}" if m[2].lower()[0] not in "d" else ""),
)
_again = _replaced(
    r"(?<=[.!?] )(the|this|an?|our|your) ([a-z]+) (is|was|has|can|will|does|must)\b",
    r"\1 \2, it \3",
)
_would = _words("will=would can=could would=will")
_agreeing = _words("is=are are=is was=were has=have does=do", 0.4)
_spelled = _words(
    "because=becouse which=wich different=diferent example=exemple receive=recieve "
    "separate=seperate necessary=neccesary important=importent their=there than=then "
    "definitely=definately beginning=begining until=untill believe=beleive through=trough "
    "knowledge=knowlege explain=explane always=allways usually=usualy really=realy water=watter",
    0.7,
)
_indian = (
    _going_on, _they_are_going_on, _many, _about, _statement_questions, _would,
    _replaced(r"\b(?:the|an?) ([a-z])", r"\1", 0.35),
    _replaced(r"\b(here|now|today|this|that|one|small|two)\b(?= [a-z])", r"\1 only", 0.3),
    _words("only=only_itself then=then_only so=so_only very=very_very many=many_many "
           "each=each_and_every now=nowadays different=different_different thinks=thinks_like_this",
           0.5),
    _closed(", no?", " only.", ", isn't it?", ", na.", " itself.", share=0.35),
    _opened("Actually", "See,", "Basically", "Now what is happening is,", "So like that,",
            "One thing you should know is that", "As such", "As you are all knowing,", share=0.4),
    _words("means=is_meaning understand=be_understanding know=be_knowing want=be_wanting "
           "near=nearby_to postpone=prepone old=olden last=last_to_last", 0.5),
)  # fmt: skip
_nigerian = (
    _replaced(rf"(?<!\bto )\b({_THIRD})\b", lambda match: f"will {_PLAIN[match[1].lower()]}", 0.6),
    _replaced(
        rf"\b(they|we|you|people|[a-z]+(?<!s)s) ({_BASE})\b", r"\1 will \2", 0.5
    ),
    _no_s, _many, _about, _again, _one,
    _replaced(r"\b(the|an?) (?=[a-z])", "", 0.3),
    _words("very=well_well many=plenty a_lot_of=plenty small=small_small quickly=quick_quick "
           "slowly=slow_slow exactly=exact_exact often=every_time because=because_of_say "
           "different=different_different big=big_big each=each_and_every clever=sharp "
           "also=also_too about=concerning which_is_why=that_is_the_reason_why in=inside "
           "both=the_two_of_them there_is=you_will_see there_are=you_will_see then=now "
           "look_at=take_look_at move=carry moves=carry remains=will_still_remain", 0.6),
    _words("if_you=if_you_now if_we=if_we_now let_us=let_us_now we_can=we_can_now", 0.8),
    _words("know_that=know_say says_that=says_that_say show_that=show_say suppose=assume_say "
           "assume=assume_say think_that=think_say means_that=means_say", 0.9),
    _closed(" o.", " sha.", ", abi?", " now.", " like that.", ", you understand.", share=0.25),
    _opened("Now,", "You see,", "Take note that", "As in,", "So now,", "The thing is that", "Me,",
            "What will happen is that", "See,", share=0.4),
    _words("this=this_one that_one=that_particular_one", 0.2),
)  # fmt: skip
_learner = (
    _no_articles, _no_s, _one, _many, _other_small_words, _statement_questions, _agreeing,
    _spelled, _about, _again, _going_on,
    _words("is=it_is", 0.15),
    _words("taught=teached went=goed made=maked found=finded gave=gived better=more_better "
           "easier=more_easy bigger=more_big without=with_no does_not=not is_not=not "
           "cannot=can_not_to can=can_to must=must_to should=should_to", 0.6),
    _opened("For this,", "In the other hand,", "Is important that", "How I said,", "Like this,",
            share=0.3),
)  # fmt: skip
_african_american = (
    _words("it_is=it's they_are=they you_are=you we_are=we is_not=ain't are_not=ain't "
           "isn't=ain't does_not=don't doesn't=don't do_not=don't going_to=gon' them=em "
           "because=cause about=bout there_is=it's there_are=it's always=always_be "
           "usually=usually_be nothing=nothin something=somethin anything=nothin any=no "
           "cannot=can't want_to=wanna have_to=gotta must=gotta very=real people=folks"),
    _no_s,
    _replaced(r"\b([a-z]{2,})ing\b", r"\1in", 0.8),
    _replaced(r"\b(they|we|you) are (?=[a-z]+ing\b)", r"\1 be ", 0.9),
    _words("this=this_here the=da that=dat with=wit", 0.25),
    _opened("See,", "Look,", "Now", "Aight so", "Check it,", "I'm tellin you,", share=0.35),
    _closed(", you feel me?", ", know what I'm sayin?", " and all that.", share=0.3),
)  # fmt: skip
_scots = (
    _words("of=o and=an to=tae not=no do_not=dinnae does_not=disnae cannot=cannae you=ye "
           "your=yer small=wee little=wee know=ken from=frae with=wi all=aw have=hae has=haes "
           "more=mair most=maist one=ane so=sae down=doon about=aboot out=oot now=noo who=wha "
           "where=whaur would=wid could=cuid should=shuid old=auld own=ain over=ower only=ainly "
           "what=whit which=whilk house=hoose our=oor their=thair how=hou long=lang wrong=wrang "
           "strong=strang water=watter work=wirk world=warld give=gie make=mak take=tak go=gang "
           "goes=gangs both=baith two=twa good=guid give=gie old=auld child=bairn children=bairns "
           "will_not=willnae is_not=isnae are_not=arenae was=wis were=war when=whan same=same "
           "first=first under=unner other=ither another=anither mother=mither head=heid dead=deid"),
    _replaced(r"\b([a-z]{2,})ing\b", r"\1in", 0.9),
    _replaced(r"\b([a-z]{3,}[^e])ed\b", r"\1it", 0.6),
    _replaced(r"\b([a-z]*)ight\b", r"\1icht", 0.7),
)  # fmt: skip
_ENGLISHES: tuple[tuple[tuple[Rule, ...], float], ...] = (
    (_indian, 0.27), (_nigerian, 0.27), (_learner, 0.26), (_african_american, 0.1), (_scots, 0.1),
)  # fmt: skip


def englishes(texts: Sequence[str], labels: Floats, seed: int = 11) -> tuple[list[str], Floats]:
    """Return texts in other Englishes, and the labels of what they were made of, shape (n, 4)."""
    rng = np.random.default_rng(seed)
    high = labels[:, 0] >= TAUGHT
    taken = np.concatenate(
        [
            rng.choice(np.flatnonzero(of), min(count, int(of.sum())), replace=False)
            for of, count in ((high, COUNT), (~high, OTHERS))
        ]
    )
    shares = np.array([share for _, share in _ENGLISHES])
    made = []
    for i in taken:
        rules, _ = _ENGLISHES[rng.choice(len(_ENGLISHES), p=shares)]
        text = texts[i]
        for rule in rules:
            if rng.random() < USED:
                text = rule(text, rng)
        made.append(text[:1_200])
    return made, labels[taken]
