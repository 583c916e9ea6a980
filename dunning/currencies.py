"""Which currencies an invoice may be in, and how many decimals their amounts have.

ISO 4217 as of 2026, money only: no funds codes (CHE, CLF, UYI …), no metals, no XAD, XDR, XTS or XXX; BGN,
which the euro replaced that year, stays for the invoices of before. The list is written down here because
Babel's follows CLDR, which differs where it matters: its decimals are those of cash (RSD, IQD, MGA and ten more
have 0, so 1234.50 RSD would be refused), and what is legal tender depends there on the day one asks. A test
compares both, so that an upgrade of Babel tells about new currencies.
"""

from typing import Final

_CODES = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP
CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF
IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD
MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB
RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD
UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""

_NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"

CURRENCY_DECIMALS: Final[dict[str, int]] = {
    **dict.fromkeys(_CODES.split(), 2),
    **dict.fromkeys(_NO_DECIMALS.split(), 0),
    **dict.fromkeys(_THREE_DECIMALS.split(), 3),
}
"""The decimals of every currency that invoices may be in, by ISO 4217 code."""
