"""Score pages, write them in two nested phases, and train a scorer of your own.

    python examples/score_and_tier.py

The texts are made here. Two phases, as the makers of Phi-3 describe them: web text filtered by what
it would teach, and a second, stricter part of the same text for the end of training.
"""

import random
import tempfile
from pathlib import Path

import webfilter as wf

LESSON = (
    "A leaf makes sugar from light. Chlorophyll takes up the energy of the light, and with it the "
    "leaf splits water into oxygen, which leaves through its pores, and hydrogen, which it binds "
    "to carbon dioxide. This is why a plant in the dark loses weight: it burns more sugar than it "
    "makes. For example, a potato that sprouts in a cellar becomes lighter from day to day, "
    "although its shoots grow. We can measure this with a balance: if the shoot weighs 5 g and the "
    "potato has lost 8 g, then 3 g were burned, because mass is conserved in the reaction."
)
NEWS = (
    "The council met on Tuesday and put off the vote on the new car park. Mr. Hall said that he "
    "was disappointed. The next meeting is on 4 March at 7 pm in the town hall, and the agenda "
    "will be posted on the website a week before. Residents may send questions until Friday."
)
SHOP = "Add to cart. Free shipping on orders over $50! 20 % off today only. Sign in | Wish list"
SPOKEN = (
    "Okay so think about a bus that stops really hard, right? You kind of fly forward, and "
    "everybody says the bus threw me. But nothing pushed you, see. You were already going at "
    "forty, and your body just keeps going at forty till something makes it stop, like the seat in "
    "front. That's all inertia is. And a heavy guy is harder to stop than a kid, because there's "
    "more of him, more mass. So the belt has to pull harder on him to slow him down in the same "
    "time. Try it with a full cart and an empty one, you'll feel it in your arms."
)
PROMISES = (
    "Learn how plants make sugar and how the cell uses energy. See our lesson on photosynthesis, "
    "light and chlorophyll. Read about oxygen, hydrogen and carbon dioxide in our chemistry "
    "lesson. Find out how water moves through roots, stems and leaves. Learn how mass is conserved "
    "in a reaction with worked examples. See our lesson on force, mass and acceleration. Read "
    "about voltage, current and resistance in our physics lesson. Find out how fractions, decimals "
    "and percentages are related. Learn how supply and demand set the price of a good."
)
WORDS = {5: "energy light sugar because therefore example", 0: "cart sale offer price login today"}


def main() -> None:
    """Run both and print what became of them."""
    pages = [wf.Document(name, text) for name, text in
             (("lesson", LESSON), ("news", NEWS), ("shop", SHOP))]  # fmt: skip
    pipe = wf.Educational(min_score=None) | wf.Tiers(
        {
            "phase1": {"educational": 1.5},
            "phase2": {"educational": 2.5, "reasoning": 1.0, "lasting": 1.0},
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        report = pipe.run(pages, Path(folder, "run"), progress=False)
        print(report)
        for phase in ("phase1", "phase2"):
            for doc in wf.read(Path(folder, "run", "kept", phase)):
                low, high = doc.signals["educational_low"], doc.signals["educational_high"]
                print(f"{phase}: {doc.id} {doc.signals['educational']} ({low} to {high})")

        # the model knows the words of teaching; what may be kept can be read in addition
        for name, text in (("a lesson as it is spoken", SPOKEN), ("promises of lessons", PROMISES)):
            for bound in (None, 1.0):
                stage = wf.Educational(min_score=None, read_from=bound)
                found = stage.measure(wf.Document(name, text))
                print(f"{name}, read_from={bound}: {found['educational']}")

        # a scale of your own: texts, labels, and where each came from
        rng = random.Random(0)
        labels = [rng.choice((0, 5)) for _ in range(80)]
        texts = [" ".join(rng.choices(WORDS[label].split(), k=30)) for label in labels]
        trainer = wf.EducationalTrainer(tops=[5])
        made = trainer.train(texts, labels, groups=range(80), out=Path(folder, "mine"))
        print(made["educational"].figures["kappa"], "kappa, kept out of training by groups")
        mine = wf.Educational(model=str(Path(folder, "mine", "model.npz")))
        for doc in mine([wf.Document("good", texts[labels.index(5)])]):
            print(f"my model: {doc.id} {doc.signals['educational']}")


if __name__ == "__main__":
    main()
