"""Chunks whose tokens are listed: emoticons; contractions and abbreviations of English.

The lists are those of spaCy 3.8's blank tokenizers, multi-language and English (MIT license),
written as the combinations that they are made of. Each of English is there with straight and with
curly apostrophes.
"""

from __future__ import annotations

from functools import cache
from itertools import product

__all__ = ["common_specials", "specials"]

_ANYWHERE = """
    ' '' \\n \\t \\") <space> C++ — a. b. c. d. e. f. g. h. i. j. k. l. m. n. o. p. q. r. s. t. u.
    v. w. x. y. z. ä. ö. ü. :) :-) :)) :-)) :))) :-))) (: (-: =) (= :] :-] [: [-: [= =] :o) (o: :}
    :-} 8) 8-) (-8 ;) ;-) (; (-; :( :-( :(( :-(( :((( :-((( ): )-: =( >:( :') :'-) :'( :'-( :/ :-/
    =/ =| :| :-| ]= =[ :1 :P :-P :p :-p :O :-O :o :-o :0 :-0 :() >:o :* :-* :3 :-3 =3 :> :-> :X :-X
    :x :-x :D :-D ;D ;-D =D xD XD xDD XDD 8D 8-D ^_^ ^__^ ^___^ >.< >.> <.< ._. ;_; -_- -__- v.v
    V.V v_v V_V o_o o_O O_o O_O 0_o o_0 0_0 o.O O.o O.O o.o 0.0 o.0 0.o @_@ <3 <33 <333 </3 (^_^)
    (-_-) (._.) (>_<) (*_*) (¬_¬) ಠ_ಠ ಠ︵ಠ (ಠ_ಠ) ¯\\(ツ)/¯ (╯°□°）╯︵┻━┻ ><(((*>
"""
_WHOLE = """
    'S 's ‘S ‘s and/or w/o 're 'Cause 'cause 'cos 'Cos 'coz 'Coz 'cuz 'Cuz 'bout ma'am Ma'am
    o'clock O'clock 'd 'em em 'll ll 'nuff nuff Mt. Ak. Ala. Apr. Ariz. Ark. Aug. Calif. Colo.
    Conn. Dec. Del. Feb. Fla. Ga. Ia. Id. Ill. Ind. Jan. Jul. Jun. Kan. Kans. Ky. La. Mar. Mass.
    Mich. Minn. Miss. N.C. N.D. N.H. N.J. N.M. N.Y. Neb. Nebr. Nev. Nov. Oct. Okla. Ore. Pa. S.C.
    Sep. Sept. Tenn. Va. Wash. Wis. a.m. Adm. Bros. co. Co. Corp. D.C. Dr. e.g. E.g. E.G. Gen.
    Gov. i.e. I.e. I.E. Inc. Jr. Ltd. Md. Messrs. Mo. Mont. Mr. Mrs. Ms. p.m. Ph.D. Prof. Rep.
    Rev. Sen. St. vs. v.s.
"""
_SPLIT = """
    y'|all y|all c'm|on C'm|on let|'s Let|'s how|'d|'y How|'d|'y can|not Can|not gon|na Gon|na
    got|ta Got|ta not|'ve Not|'ve not|ve Not|ve I|'m|a I|m|a i|'m|a i|m|a
"""
_CLIPPED = "doin goin havin lovin nothin nuthin ol somethin"
_QUESTIONS = "who what when where why how there"
_HAVE, _WILL, _WOULD, _NOT = ("'ve",), ("'ll",), ("'d",), ("n't",)
_WILL_HAVE, _WOULD_HAVE, _NOT_HAVE = ("'ll", "'ve"), ("'d", "'ve"), ("n't", "'ve")
_CONTRACTED: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...] = (
    ("i", (("'m",), _HAVE)),
    ("you we they", (("'re",), _HAVE)),
    ("he she it that this", (("'s",),)),
    ("i you he she it we they that this these those", (_WILL, _WILL_HAVE, _WOULD, _WOULD_HAVE)),
    (_QUESTIONS, (("'s",), _WILL, _WILL_HAVE, _WOULD, _WOULD_HAVE)),
    (f"{_QUESTIONS} these those", (("'re",), _HAVE)),
    ("ca could do does did had may might must need ought sha should wo would", (_NOT, _NOT_HAVE)),
    ("could might must should would", (_HAVE,)),
    ("ai are is was were have has dare", (_NOT,)),
)
_WORDS = "Ill ill Its its Hell hell Shell shell Shed shed were Were Well well Whore whore"
"""Contractions without their apostrophe that are words of their own."""


@cache
def common_specials() -> dict[str, tuple[str, ...]]:
    """Return the exceptions of every language with their tokens: emoticons, letters with a period.

    They are those of spaCy's multi-language class. Do not change the dict: it is shared.

    >>> common_specials()["°C."], common_specials()["a."], "Mr." in common_specials()
    (('°', 'C', '.'), ('a.',), False)
    """
    listed: list[tuple[str, ...]] = [(whole,) for whole in _ANYWHERE.split()]
    listed += [("°", unit, ".") for unit in "cfkCFK"]
    return {"".join(parts): parts for parts in listed}


@cache
def specials() -> dict[str, tuple[str, ...]]:
    """Return the exceptions of English with their tokens. Do not change the dict: it is shared.

    >>> specials()["don't"], specials()["Mr."], specials()["11pm"]
    (('do', "n't"), ('Mr.',), ('11', 'pm'))
    """
    listed = {*common_specials().values(), *((whole,) for whole in _WHOLE.split())}
    listed |= {tuple(split.split("|")) for split in _SPLIT.split()}
    for words, endings in _CONTRACTED:
        for word, ending in product(words.split(), endings):
            for first in (word, word.title()):
                listed.add((first, *ending))
                listed.add((first, *(part.replace("'", "") for part in ending)))
    for word in _CLIPPED.split():
        for first in (word, word.title()):
            listed |= {(first,), (f"{first}'",)}
    for hour, half in product(range(1, 13), ("a.m.", "am", "p.m.", "pm")):
        listed.add((str(hour), half))
    listed |= {tuple(part.replace("'", "’") for part in parts) for parts in listed}
    own = set(_WORDS.split())
    return {"".join(parts): parts for parts in listed if "".join(parts) not in own}
