"""Colours that can be read and told apart, and SVG that is fit for a page."""

from __future__ import annotations

import pytest

from regulars.reports import theme


def luminance(code):
    """Relative luminance, WCAG 2.2."""
    parts = [int(code[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


LIGHT, DARK = 0, 1


class TestPalette:
    def test_has_light_colours_that_are_all_different_so_that_the_svg_can_be_translated(self):
        light = [pair[LIGHT] for pair in theme.PALETTE.values()]
        assert len(set(light)) == len(light)

    @pytest.mark.parametrize("mode", [LIGHT, DARK])
    @pytest.mark.parametrize("step", range(theme.HEAT_STEPS))
    def test_writes_on_every_step_of_a_heat_map_with_the_contrast_that_wcag_asks_of_text(self, step, mode):
        assert contrast(theme.PALETTE[f"heat{step}"][mode], theme.PALETTE[theme.heat_ink(step)][mode]) >= 4.5

    @pytest.mark.parametrize("mode", [LIGHT, DARK])
    @pytest.mark.parametrize("name", ["ink", "soft"])
    def test_writes_on_cards_with_the_contrast_that_wcag_asks_of_text(self, name, mode):
        assert contrast(theme.PALETTE[name][mode], theme.PALETTE["paper"][mode]) >= 4.5

    @pytest.mark.parametrize("mode", [LIGHT, DARK])
    def test_has_heat_steps_that_go_one_way(self, mode):
        steps = [luminance(theme.PALETTE[f"heat{i}"][mode]) for i in range(theme.HEAT_STEPS)]
        assert steps == sorted(steps, reverse=mode == LIGHT)

    def test_has_a_class_for_every_colour_in_the_style_sheet(self):
        sheet = theme.style_sheet()
        assert all(f".f-{name}{{fill:var(--{name})}}" in sheet and f"--{name}:" in sheet for name in theme.PALETTE)
        assert "@media screen and (prefers-color-scheme:dark)" in sheet


class TestHeatSteps:
    def test_run_from_0_to_8(self):
        edges = theme.heat_edges([0.0, 9.0])
        assert edges == tuple(float(i) for i in range(1, 9))
        assert [theme.heat_step(v, edges) for v in (0.0, 0.99, 1.0, 8.5, 100.0)] == [0, 0, 1, 8, 8]

    def test_exist_for_no_value_and_for_equal_values(self):
        assert len(theme.heat_edges([])) == len(theme.heat_edges([3.0, 3.0])) == 8


class TestCleanSvg:
    SVG = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" version="1.1" class="marks" width="100" height="50" '
        f'viewBox="0 0 100 50"><g class="mark-rect role-mark" role="graphics-symbol"><path d="M1.23456,0h9" fill="{theme.colour("blue")}"/></g></svg>'
    )

    def test_names_colours_by_class_and_leaves_no_address(self):
        svg = theme.clean_svg(self.SVG, title="A & B", description="what", key="k", variant="wide")
        assert 'class="f-blue"' in svg
        assert "://" not in svg
        assert "M1.23,0h9" in svg

    def test_has_a_title_and_a_description_for_who_cannot_see(self):
        svg = theme.clean_svg(self.SVG, title="A & B", description="what", key="k", variant="wide")
        assert 'aria-labelledby="k-t k-d"' in svg
        assert '<title id="k-t">A &amp; B</title><desc id="k-d">what</desc>' in svg
