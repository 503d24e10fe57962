"""On the command line nothing comes after the stage that enlarges."""

from __future__ import annotations

import pytest

from restoration.cli_choices import choose_stages
from restoration.stages.contract import StageError


@pytest.mark.parametrize(
    ("asked", "instead"),
    [
        ("upscale,colourise", "--stage colourise,upscale"),
        ("deflicker, upscale, repair", "--stage deflicker,repair,upscale"),
        ("upscale,upscale", "--stage upscale"),
    ],
)
def test_a_stage_after_upscale_is_refused_and_the_right_order_is_told(
    asked: str, instead: str
) -> None:
    with pytest.raises(StageError) as refused:
        choose_stages(asked)
    assert "upscale comes last" in str(refused.value)
    assert str(refused.value).endswith(f"write {instead}")


def test_upscale_at_the_end_of_a_chain_is_taken() -> None:
    assert [stage.name for stage in choose_stages("repair,upscale")] == ["repair", "upscale"]
