"""Every command of the table has a case in every_command.py."""

import pytest

from every_command import CASES, commands_of


def test_every_command_of_the_table_has_a_case_and_every_case_a_command(bare):
    assert commands_of(bare) == set(CASES)


@pytest.mark.parametrize("name", CASES, ids=lambda n: n.replace(":", "-"))
def test_a_case_does_the_work_of_its_command(bare, name):
    CASES[name].prepare(bare)
    document = bare.document(*CASES[name].words.split(), code=CASES[name].code)
    assert document["command"] == name
