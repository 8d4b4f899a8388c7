"""Words of generated rows, and how they are drawn: by the server, the same ones for the same number in every run.

A list is drawn by Zipf's law with exponent 1, as words of a language are: the i-th of k words has the probability
ln(1 + 1/i) / ln(k + 1). So the first of 72 things has 16 % of all rows and the last one 0.3 %.
"""

from __future__ import annotations

from itertools import product

# by how common they are: Russian, English, the unit that it is sold by, a usual price in minor units, the family
_THINGS = """
кирпич brick шт 2500 Стены; цемент cement мешок 45000 Смеси; доска board м 18000 Дерево; труба pipe м 32000 Металл;
арматура rebar м 6500 Металл; плитка tile м2 120000 Отделка; кабель cable м 9000 Сети; краска paint л 38000 Отделка;
саморез screw кг 24000 Крепёж; блок block шт 17000 Стены; штукатурка plaster мешок 52000 Смеси;
брус beam м 41000 Дерево; лист sheet шт 380000 Металл; утеплитель insulation м2 29000 Тепло;
клей glue мешок 61000 Смеси; черепица roofing м2 140000 Кровля; фанера plywood лист 165000 Дерево;
провод wire м 4200 Сети; грунтовка primer л 15000 Отделка; уголок angle м 27000 Металл; дюбель dowel шт 450 Крепёж;
ламинат laminate м2 135000 Отделка; плита slab шт 950000 Стены; шпаклёвка filler мешок 58000 Смеси;
розетка socket шт 28000 Сети; швеллер channel м 112000 Металл; рейка batten м 7000 Дерево; сетка mesh м2 16000 Металл;
профиль profile м 13000 Металл; кран tap шт 145000 Сети; анкер anchor шт 5200 Крепёж; гипс gypsum мешок 33000 Смеси;
мембрана membrane м2 21000 Кровля; панель panel шт 88000 Стены; эмаль enamel л 54000 Отделка;
балка girder м 230000 Металл; гвоздь nail кг 16000 Крепёж; радиатор radiator шт 760000 Сети;
линолеум linoleum м2 72000 Отделка; песок sand т 90000 Смеси; щебень gravel т 140000 Смеси;
муфта coupling шт 9500 Сети; вагонка cladding м2 68000 Дерево; выключатель switch шт 31000 Сети;
болт bolt шт 1500 Крепёж; лак varnish л 47000 Отделка; плинтус skirting м 19000 Отделка;
профнастил decking м2 78000 Кровля; насос pump шт 1250000 Сети; хомут clamp шт 2100 Крепёж; гайка nut шт 700 Крепёж;
перемычка lintel шт 150000 Стены; светильник lamp шт 210000 Сети; водосток gutter м 64000 Кровля;
пена foam шт 42000 Тепло; герметик sealant шт 36000 Тепло; шайба washer шт 300 Крепёж; мастика mastic кг 26000 Кровля;
затирка grout кг 22000 Смеси; лага joist м 36000 Дерево; фитинг fitting шт 8700 Сети;
проволока binding кг 14000 Металл; шифер slate лист 61000 Кровля; минвата wool м2 24000 Тепло;
пенопласт polystyrene лист 31000 Тепло; дверь door шт 1890000 Отделка; решётка grating шт 43000 Металл;
счётчик meter шт 310000 Сети; заклёпка rivet шт 350 Крепёж; гидрант hydrant шт 4100000 Сети;
облицовка facing м2 230000 Отделка; подвес hanger шт 2600 Крепёж
"""

# the masculine form and the English one
_KINDS = """
лицевой facing; керамический ceramic; стальной steel; белый white; красный red; оцинкованный galvanised;
усиленный reinforced; универсальный universal; пластиковый plastic; фасадный facade; деревянный wooden; серый grey;
влагостойкий moistureproof; наружный outdoor; медный copper; цветной coloured; полнотелый solid; пустотелый hollow;
морозостойкий frostproof; гибкий flexible; огнестойкий fireproof; бетонный concrete; акриловый acrylic; сосновый pine;
армированный wired; матовый matt; глянцевый glossy; лёгкий light; тяжёлый heavy; быстротвердеющий quick;
силиконовый silicone; полимерный polymer; базальтовый basalt; минеральный mineral; дубовый oak; берёзовый birch;
шлифованный polished; строганый planed; рулонный rolled; жёсткий rigid; тонкий thin; толстый thick; эластичный elastic;
прозрачный clear; гипсовый plasterbased; хвойный softwood; чёрный black; зелёный green
"""

_MAKER_BEGINS = ["Строй", "Сиб", "Волга", "Урал", "Тех", "Пром", "Евро", "Нева", "Дон", "Амур", "Альфа", "Мега"]
_MAKER_ENDS = ["деталь", "сервис", "комплект", "бетон", "керамика", "металл", "профиль", "снаб", "монтаж", "пласт"]
_USES = (
    "для наружных работ", "для внутренних работ", "для несущих стен", "для влажных помещений", "для кладки",
    "для кровли", "для фундамента", "for renovation", "для отделки фасада", "для тёплого пола",
    "for load-bearing walls", "для перегородок", "для бани", "для промышленных зданий", "for outdoor use",
    "для гаража", "для забора",
)  # fmt: skip


def _rows(written: str) -> list[list[str]]:
    return [row.split() for row in written.split(";")]


def _feminine(masculine: str) -> str:
    return f"{masculine[:-2]}ая"


THINGS = [row[0] for row in _rows(_THINGS)]
TITLES = [thing.capitalize() for thing in THINGS]
THINGS_ENGLISH = [row[1] for row in _rows(_THINGS)]
UNITS = [row[2] for row in _rows(_THINGS)]
PRICES = [int(row[3]) for row in _rows(_THINGS)]
FAMILIES = [row[4] for row in _rows(_THINGS)]
KINDS_ENGLISH = [row[1] for row in _rows(_KINDS)]
# twice as long: first the masculine forms, then the feminine ones
KINDS = [row[0] for row in _rows(_KINDS)] + [_feminine(row[0]) for row in _rows(_KINDS)]
IS_FEMININE = [thing[-1] in "ая" or thing in {"эмаль", "дверь"} for thing in THINGS]
MAKERS = ["".join(parts) for parts in product(_MAKER_BEGINS, _MAKER_ENDS)]
USES = list(_USES)
SIZES = [
    f"{a}x{b}x{c}" for a, b, c in product((250, 600, 1200, 2500, 3000, 6000), (60, 120, 250, 600), (3, 12, 20, 65))
]
CODES = [thing[:3].upper() for thing in THINGS_ENGLISH]


def chance(number: str, salt: int) -> str:
    """Return the SQL of a number in [0, 1) that follows from the expression `number` and from `salt`, and is even."""
    return f"((hashint8extended({number}, {salt}) & 2147483647) / 2147483648.0::double precision)"


def zipf(size: int, number: str, salt: int) -> str:
    """Return the SQL of a place in a list of `size`, from 1, drawn by Zipf's law."""
    return f"floor(power({size + 1}::double precision, {chance(number, salt)}))::integer"


def even(size: int, number: str, salt: int) -> str:
    """Return the SQL of a place in a list of `size`, from 1, each as likely as any other."""
    return f"(1 + floor({size} * {chance(number, salt)})::integer)"


def key(kind: str, number: str, moment: str) -> str:
    """Return the SQL of a UUIDv7 of that moment (a timestamptz) that follows from kind and number."""
    digest = f"md5('{kind} ' || {number})"
    milliseconds = f"(extract(epoch from {moment}) * 1000)::bigint"
    return f"(lpad(to_hex({milliseconds}), 12, '0') || '7' || left({digest}, 3) || '8' || right({digest}, 15))::uuid"
