"""How the cells of a commune's workbook look, by name: fonts, borders, colours, and which cells are open for typing.

Holds format properties in xlsxwriter's words. Holds no text and no layout.
"""

_FONT = {"font_name": "Times New Roman", "font_size": 11, "valign": "top"}
_BOX = {**_FONT, "border": 1, "border_color": "#A6A6A6", "text_wrap": True}
_HEAD = {**_BOX, "bold": True, "align": "center", "valign": "vcenter", "bg_color": "#1F3864", "font_color": "#FFFFFF"}
_FILL_IN = {**_BOX, "locked": False, "bg_color": "#FFF9E5"}
_COLOURS = {"critical": ("#F8CBAD", "#9C0006"), "warning": ("#FFE699", "#7F6000"), "info": ("#DDEBF7", "#1F4E78")}
_FORMATS: dict[str, dict[str, object]] = {
    "title": {**_FONT, "bold": True, "font_size": 14},
    "unit": {**_FONT, "bold": True, "font_size": 12},
    "plain": {**_FONT},
    "prose": {**_FONT, "text_wrap": True, "font_size": 12},
    "section": {**_FONT, "bold": True, "font_size": 12, "font_color": "#1F3864"},
    "head": _HEAD,
    "head_fill_in": {**_HEAD, "bg_color": "#7F6000"},
    "text": _BOX,
    "bold": {**_BOX, "bold": True},
    "number": {**_BOX, "num_format": "#,##0", "align": "center"},
    "number_bold": {**_BOX, "num_format": "#,##0", "align": "center", "bold": True},
    "day": {**_BOX, "num_format": "dd/mm/yyyy", "align": "center"},
    "middle": {**_BOX, "valign": "vcenter"},
    "middle_number": {**_BOX, "num_format": "#,##0", "align": "center", "valign": "vcenter"},
    "middle_bold": {**_BOX, "bold": True, "align": "center", "valign": "vcenter"},
    "differs": {**_BOX, "bold": True, "bg_color": "#FDE9E7", "font_color": "#9C0006"},
    "fill_in": _FILL_IN,
    "fill_in_text": {**_FILL_IN, "num_format": "@"},  # typed text stays as typed
    "fill_in_day": {**_FILL_IN, "num_format": "dd/mm/yyyy", "align": "center"},
    **{
        f"severity_{code}": {**_BOX, "bold": True, "align": "center", "bg_color": back, "font_color": front}
        for code, (back, front) in _COLOURS.items()
    },
}
FORMATS = _FORMATS | {
    f"{name}_first": {**look, "top": 2, "top_color": "#404040"} for name, look in _FORMATS.items() if "border" in look
}
"""Properties by name; ``…_first`` has a strong line above; only the ``fill_in`` ones are unlocked."""
