from gateway.edge.rest import Rest


def test_it_rests_as_long_as_all_its_pieces_cost() -> None:
    clock, cpu = [100.0], [0.0]
    rest = Rest(50.0, clock=lambda: clock[0], spent=lambda: cpu[0])
    assert rest.is_over, "nothing was done yet"
    for _ in range(3):
        with rest.work():
            cpu[0] += 0.01
        cpu[0] += 1.0  # somebody else's
    rest.begin()
    clock[0] += 1.4
    assert not rest.is_over
    clock[0] += 0.11
    assert rest.is_over
    rest.begin()
    assert rest.is_over, "what was rested from once costs nothing again"
