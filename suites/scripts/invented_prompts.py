#!/usr/bin/env python3
"""Writes prompts of our own making, for spaCy to parse and the tagger to learn from: python3 invented_prompts.py FOLDER

They widen what the tagger has seen beyond the training lists of the benchmarks: more nouns under more adjectives, in the forms in which people ask for
pictures. The words are ours; the seed is fixed.
"""

import pathlib
import random
import sys

COLORS = "red orange yellow green blue purple pink brown black white gray grey golden silver beige turquoise violet".split()
TEXTURES = "wooden metallic metal glass plastic rubber leather fabric fluffy furry velvet cotton silk stone ceramic paper woolen".split()
SHAPES = "round square oval triangular rectangular circular cubic spherical cylindrical oblong conical pyramidal pentagonal diamond teardrop".split()
SIZES = "big small large tiny tall short long huge little giant thick thin".split()
OTHERS = """old young new wet dry shiny bright dark empty full open closed broken beautiful cute happy sad angry sleepy modern vintage rusty
dusty clean dirty soft hard smooth rough striped spotted cozy busy quiet sunny snowy foggy delicious fresh ripe crisp fancy simple elegant""".split()
NOUNS = """acorn airplane anchor ant apple apron armchair arrow axe backpack bag ball balloon banana bandage barn barrel basket bat bath bathtub beach
bead beak bean bear bed bee beetle bell belt bench bicycle bike bird biscuit blanket blender board boat bone book bookshelf boot bottle bow bowl box boy
bracelet branch bread brick bridge broom brush bucket building bulb bus bush butterfly button cabinet cactus cage cake calculator camel camera can candle
candy canvas cap car card carpet carriage carrot cart castle cat ceiling chain chair chalk cheese cherry chest chicken child chimney church cigar circle clock
cloud clown coat coconut coin collar comb compass computer cone cookie cork cottage couch counter cow crab crate crayon crown cube cup cupboard curtain cushion
desk dice dish dog doll dolphin donkey door doughnut dragon drawer dress drum duck dumbbell eagle ear earring egg elephant envelope eraser eye face fan farmer
feather fence field fish flag flamingo floor flower flute folder forest fork fountain fox frame fridge frog fruit garden gate giraffe girl glove goat grape grass
guitar hammer hamster hand handbag hat headphones heart helicopter helmet hill horse hospital house ice igloo island jacket jar jeans jewel jug kettle key keyboard
king kitchen kite kitten knife knight ladder lake lamp lantern laptop leaf lemon letter library light lighthouse lion lizard lock locker lorry magnet man mango map
marble mask mat medal melon microphone microwave mirror monkey monster moon motorcycle mountain mouse mug mushroom nail napkin necklace needle nest net newspaper
notebook nurse oar ocean office onion orange ostrich oven owl package paddle paintbrush painting palace panda pants paper parrot path peach peacock pear pen pencil
pendant penguin person phone photo piano picture pie pig pillow pineapple pipe pizza plane planet plant plate player pocket pond pool pot potato puppy purse pyramid
queen rabbit radio railway rain refrigerator ribbon ring river road robe robot rock rocket roof room rope rose rug ruler sailboat salad sandwich scarf school scissors
scooter screen sea seat sheep shelf shell ship shirt shoe shop shovel sign sink skateboard ski skirt sky snail snake snow soap soccer sock sofa spider spoon spring
square squirrel stage stair stamp star station statue steak stick stool store stove strawberry street suit suitcase sun sunflower sunset surfboard swan sweater
swing sword table tail tank teapot teddy television tent tie tiger tire toaster toilet tomato tongue tooth toothbrush towel tower town toy tractor train tray tree
truck trumpet tub turtle tv umbrella vase vegetable village violin volcano wagon wall wallet wardrobe watch water waterfall watermelon whale wheel window wine wing
wolf woman wood yacht yard zebra""".split()
PLURALS = {"man": "men", "woman": "women", "child": "children", "person": "people", "mouse": "mice", "knife": "knives", "leaf": "leaves", "wolf": "wolves",
           "fish": "fish", "sheep": "sheep", "tooth": "teeth", "tomato": "tomatoes", "potato": "potatoes", "scissors": "scissors", "pants": "pants", "jeans": "jeans", "headphones": "headphones"}
PEOPLE = "man woman boy girl child person chef nurse farmer player teacher artist doctor king queen student painter sailor couple family".split()
PLACES = "beach forest city street kitchen garden park river mountain library desert lake field room office castle market bridge sky moon".split()
DOING = ["is riding", "is holding", "is looking at", "is sitting on", "is standing beside", "is carrying", "is painting", "is cleaning", "is playing with",
         "is reading about", "is chasing", "eats", "wears", "carries", "watches", "leans against", "jumps over", "plays with", "rests on", "hangs above"]
ALONE = ["running", "sleeping", "dancing", "smiling", "swimming", "flying", "cooking", "reading a book", "playing the piano", "wearing a hat", "drinking coffee"]
RELATIONS = ["on the left of", "on the right of", "on the top of", "on the bottom of", "on top of", "next to", "near", "on side of", "in front of", "behind", "hidden by",
             "under", "inside", "above", "below", "beside", "between two trees and", "to the left of", "to the right of", "with", "without", "full of"]
STYLES = ["a photo of", "an oil painting of", "a watercolor of", "a pencil sketch of", "a close-up of", "an aerial view of", "a low angle shot of", "a 3D rendering of",
          "a black and white photograph of", "a cartoon of", "a poster of", "a portrait of", "an illustration of", "a drawing of"]
ENDS = ["", "", "", ", highly detailed", ", digital art", ", in the style of Van Gogh", ", studio lighting", ", 4k", " at sunset", " in the rain", ", isometric view",
        " at night", " with a blurry background", ", trending on ArtStation", " in winter"]
NUMBERS = "two three four five six seven eight ten".split()

rng = random.Random(20250903)
pick = rng.choice


def article(words):
    return ("an " if words[0] in "aeiou" else "a ") + words


def plural(noun):
    if noun in PLURALS:
        return PLURALS[noun]
    if noun.endswith(("s", "x", "ch", "sh")):
        return noun + "es"
    return noun[:-1] + "ies" if noun[-1] == "y" and noun[-2] not in "aeiou" else noun + "s"


def adjective():
    return pick(pick([COLORS, COLORS, TEXTURES, TEXTURES, SHAPES, SIZES, OTHERS]))


def thing(definite=0.1):
    words = f"{adjective()} {pick(NOUNS)}" if rng.random() < 0.8 else pick(NOUNS)
    if rng.random() < 0.1:
        words = f"{adjective()} {words}"
    return "the " + words if rng.random() < definite else article(words)


def bare():
    return f"{adjective()} {plural(pick(NOUNS))}"


def sentence():
    the = lambda: f"the {adjective()} {pick(NOUNS)}"
    form = rng.randrange(22)
    if form <= 4:
        one = pick([COLORS, TEXTURES, SHAPES])
        return f"{article(pick(one) + ' ' + pick(NOUNS))} and {article(pick(one) + ' ' + pick(NOUNS))}"
    if form == 5:
        return f"{pick(TEXTURES)} {pick(NOUNS)} and {pick(TEXTURES)} {plural(pick(NOUNS))}"
    if form == 6:
        return f"The {adjective()} {pick(NOUNS)} and {adjective()} {pick(NOUNS)} are on {the()}."
    if form == 7:
        return f"The {adjective()} {pick(NOUNS)} is {pick(RELATIONS)} {the()}."
    if form == 8:
        return f"The {adjective()} {pick(NOUNS)} was {pick(RELATIONS[:10])} the {pick(NOUNS)}, and the {pick(NOUNS)} is {adjective()}."
    if form == 9:
        return f"{thing()} {pick(RELATIONS)} {thing()}"
    if form == 10:
        return f"{pick(STYLES)} {thing()} {pick(RELATIONS)} {thing()}{pick(ENDS)}"
    if form == 11:
        return f"{article(pick(PEOPLE)).capitalize()} {pick(DOING)} {thing()}."
    if form == 12:
        return f"{article(pick(PEOPLE)).capitalize()} {pick(DOING)} {thing()} while {article(pick(PEOPLE))} is {pick(ALONE)}."
    if form == 13:
        return f"{article(pick(PEOPLE))} {pick(ALONE)} in the {pick(PLACES)}{pick(ENDS)}"
    if form == 14:
        return f"{pick(NUMBERS)} {plural(pick(NOUNS))} and {pick(NUMBERS)} {plural(pick(NOUNS))}"
    if form == 15:
        return f"{pick(NUMBERS)} {plural(pick(NOUNS))}, {article(pick(NOUNS))} and {pick(NUMBERS)} {bare()}"
    if form == 16:
        return f"The {adjective()}, {adjective()} {pick(NOUNS)} rests on {the()} in the {pick(PLACES)}."
    if form == 17:
        return f"{adjective().capitalize()} {plural(pick(NOUNS))} and {bare()} in {article(pick(OTHERS) + ' ' + pick(PLACES))}{pick(ENDS)}"
    if form == 18:
        return f"{pick(STYLES).capitalize()} {thing()} made of {pick(['wood', 'glass', 'metal', 'paper', 'stone', 'ice', 'cheese'])}{pick(ENDS)}"
    if form == 19:
        return f"{the().capitalize()} and {the()} {pick(['lie', 'stand', 'hang', 'float', 'shine'])} {pick(RELATIONS[4:16])} {the()}."
    if form == 20:
        return f"{thing()}, {thing()}, and {thing()}"
    return f"{thing()} with {thing()} and {bare()}{pick(ENDS)}"


if __name__ == "__main__":
    lines = []
    while len(lines) < 8000:
        line = sentence()
        if line not in lines:
            lines.append(line)
    pathlib.Path(sys.argv[1], "invented.txt").write_text("\n".join(lines) + "\n", "utf-8")
