"""Sample markets: the invented companies and people that a sample book is about."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Market:
    """Companies that are written to in one language and invoiced in one currency."""

    locale: str
    currency: str
    companies: tuple[str, ...]
    first_names: tuple[str, ...]
    last_names: tuple[str, ...]


_GERMANY = Market(
    "de",
    "EUR",
    (
        "Brauhaus Schönfeld GmbH",
        "Tischlerei Öhlmann & Söhne",
        "Nordlicht Solartechnik GmbH",
        "Weißbach Maschinenbau AG",
        "Kaffeerösterei Grünwald",
        "Hafenkontor Brandström KG",
        "Druckerei Lindenau GmbH",
        "Müllheim Logistik GmbH",
        "Gärtnerei Rosenthaler",
        "Optik Jäger & Partner",
        "Stadtwerke Altenrode GmbH",
        "Bäckerei Sonnleitner e.K.",
    ),
    ("Jörg", "Anke", "Matthias", "Sabine", "Götz", "Ulrike", "Tobias", "Käthe"),
    ("Brandt", "Schäfer", "Vogel", "Krüger", "Lenz", "Böhm", "Seidel", "Großmann"),
)
_FRANCE = Market(
    "fr",
    "EUR",
    (
        "Ateliers Lémery SARL",
        "Boulangerie Chênevert",
        "Verrerie du Marais SAS",
        "Société Hélios Énergie",
        "Maison Garancière",
        "Transports Béranger & Fils",
        "Imprimerie de l'Étoile",
        "Fonderie Castelnau SA",
        "Cycles Montréal-Dumas",
        "Librairie Aux Trois Chênes",
        "Pépinières du Val Doré",
        "Clinique Sainte-Odile",
    ),
    ("Anaïs", "Théo", "Hélène", "Jérôme", "Camille", "Benoît", "Margaux", "François"),
    ("Lefèvre", "Moreau", "Garnier", "Bélanger", "Rousseau", "Fabre", "Perrin", "Chevalier"),
)
_SPAIN = Market(
    "es",
    "EUR",
    (
        "Cerámicas Peñalba S.L.",
        "Bodegas Ibáñez e Hijos",
        "Construcciones Muñoa S.A.",
        "Aceites Sierra Azul S.L.",
        "Electrónica Vallés",
        "Muebles Aragón y Cía.",
        "Conservas La Ría S.L.",
        "Talleres Ordóñez",
    ),
    ("Íñigo", "María", "José", "Lucía", "Andrés", "Begoña"),
    ("Núñez", "Ortega", "Martín", "Gálvez", "Iglesias", "Cañete"),
)
_BRITAIN = Market(
    "en",
    "GBP",
    (
        "Thornbury Joinery Ltd",
        "Harrow & Pike Solicitors",
        "Kestrel Freight Ltd",
        "Willowmere Care Homes",
        "Pennine Print Works Ltd",
    ),
    ("Imogen", "Callum", "Harriet", "Rhys", "Siân"),
    ("Ashworth", "Pryce", "Bennett", "Okafor", "Marlowe"),
)
_AMERICA = Market(
    "en",
    "USD",
    (
        "Cedar Ridge Dental LLC",
        "Blue Mesa Outfitters Inc.",
        "Harborline Analytics Inc.",
        "Café Peregrino LLC",
        "Prairie Steel Supply Co.",
    ),
    ("Dana", "Marcus", "Elena", "Tyler", "Zoë"),
    ("Whitfield", "Nguyen", "Castillo", "Brooks", "Larsen"),
)
_SWITZERLAND = Market(
    "de",
    "CHF",
    (
        "Uhrenatelier Zürrer AG",
        "Alpkäserei Rüegg",
        "Seebahn Präzision AG",
        "Hôtel du Glacier SA",
        "Bündner Holzbau AG",
    ),
    ("Reto", "Ursina", "Beat", "Régula", "Urs"),
    ("Aebischer", "Bürgi", "Hügli", "Caduff", "Zollinger"),
)
_JAPAN = Market(
    "en",
    "JPY",
    ("Kitazawa Kōgaku K.K.", "Minamoto Ceramics K.K.", "Tsurumi Seisakusho K.K.", "Aoba Shōji K.K."),
    ("Haruka", "Kenji", "Yūko", "Daichi"),
    ("Ōno", "Hayashi", "Shimizu", "Katō"),
)

MARKETS = (
    _GERMANY, _FRANCE, _BRITAIN, _SPAIN, _AMERICA, _SWITZERLAND, _JAPAN,
    _FRANCE, _GERMANY, _SPAIN, _GERMANY, _FRANCE,
)  # fmt: skip
"""The markets in the order in which customers are drawn from them: every market once, then mostly the euro."""
MARKET_COUNT = 7
