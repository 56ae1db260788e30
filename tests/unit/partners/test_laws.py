"""Laws that hold whatever the order of events: no limit is passed, the books balance, and counts are those of the rows."""

from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from marketplace.errors import Conflict, NotEnoughCredit
from marketplace.generation.lifecycle import OPEN
from marketplace.generation.models import Generation
from marketplace.generation.services import cancel
from marketplace.ledger.selectors import held_balance, sum_of_all_entries, wallet_balance
from marketplace.partners.limits import STANDING, images_under, used
from marketplace.partners.models import Agreement, Grant, LicensedImage
from marketplace.partners.refunds import GRACE, pay_back_what_is_due
from marketplace.partners.revoking import revoke
from tests.factories.ledger import CREDIT
from tests.factories.partners import agree, deliver, licensable_version, make_account, make_grant, order_under

PER_DAY, CAP, PER_GRANT, WALLET = 6, 9 * CREDIT, 3, 12


class Partnership(RuleBasedStateMachine):
    """One partner that agrees, orders, cancels and loses grants in any order; refusals are right, breaches are not."""

    def __init__(self) -> None:
        super().__init__()
        self.account = make_account(WALLET)
        self.partner = agree(self.account, images_per_day=PER_DAY, spend_cap_micro=CAP)
        self.version = licensable_version()
        self.grants: list[Grant] = []

    @rule(payment=st.sampled_from(["prepaid", "per_image"]))
    def agree_on_a_grant(self, payment: str) -> None:
        try:
            self.grants.append(make_grant(self.account, self.version, images=PER_GRANT, payment=payment))
        except (Conflict, NotEnoughCredit):
            assert self._no_room_for(PER_GRANT * CREDIT if payment == "prepaid" else 0)

    @precondition(lambda self: self.grants)
    @rule(data=st.data())
    def order(self, data: st.DataObject) -> None:
        grant = data.draw(st.sampled_from(self.grants))
        try:
            order_under(self.account, grant)
        except (Conflict, NotEnoughCredit):
            grant = Grant.objects.select_related("agreement").get(pk=grant.pk)
            price = 100 if grant.agreement.is_prepaid else CREDIT + 100
            full = images_under(grant) >= PER_GRANT or used(self.partner, timezone.now()).images_today >= PER_DAY
            over = grant.agreement.ends_at <= timezone.now()
            assert full or over or grant.revoked_at or self._no_room_for(price)

    @precondition(lambda self: self._open())
    @rule(data=st.data(), ends=st.sampled_from(["delivered", "cancelled"]))
    def end_an_image(self, data: st.DataObject, ends: str) -> None:
        generation = data.draw(st.sampled_from(self._open()))
        if ends == "delivered":
            deliver(generation)
        else:
            cancel(generation=generation)

    @precondition(lambda self: self.grants)
    @rule(data=st.data())
    def revoke_a_grant(self, data: st.DataObject) -> None:
        revoke(grant_id=data.draw(st.sampled_from(self.grants)).pk, reason="A test.")

    @precondition(lambda self: self.grants)
    @rule(data=st.data())
    def time_ends_a_grant(self, data: st.DataObject) -> None:
        grant = data.draw(st.sampled_from(self.grants))
        over = timezone.now() - 2 * GRACE
        Agreement.objects.filter(pk=grant.agreement_id).update(ends_at=over)
        Grant.objects.filter(pk=grant.pk, refund_due_at__isnull=False).update(refund_due_at=over)

    @rule()
    def what_is_due_is_paid_back(self) -> None:
        pay_back_what_is_due(now=timezone.now())
        for grant in Grant.objects.select_related("agreement").filter(agreement__payment="prepaid"):
            if grant.refund_due_at is None:
                unused = grant.agreement.images - images_under(grant)
                assert grant.refunded_micro == unused * CREDIT

    @invariant()
    def no_limit_is_passed(self) -> None:
        standing = LicensedImage.objects.filter(partner=self.partner, generation__state__in=STANDING)
        assert standing.count() <= PER_DAY
        assert all(images_under(grant) <= PER_GRANT for grant in self.grants)
        assert used(self.partner, timezone.now()).spent_micro <= CAP

    @invariant()
    def the_books_balance(self) -> None:
        spent = used(self.partner, timezone.now()).spent_micro
        assert wallet_balance(self.account) + held_balance(self.account) + self._captured() == WALLET * CREDIT
        assert self._captured() + held_balance(self.account) == spent
        assert sum_of_all_entries() == 0

    def _captured(self) -> int:
        delivered = Generation.objects.filter(buyer=self.account, state=Generation.State.SUCCEEDED)
        images = sum(delivered.values_list("price_micro", flat=True))
        agreed = Agreement.objects.filter(partner=self.partner).values_list("total_micro", "grant__refunded_micro")
        return images + sum(total - refunded for total, refunded in agreed)

    def _no_room_for(self, price: int) -> bool:
        return used(self.partner, timezone.now()).spent_micro + price > CAP or wallet_balance(self.account) < price

    def _open(self) -> list[Generation]:
        return list(Generation.objects.filter(buyer=self.account, state__in=OPEN).order_by("pk"))


class PartnershipLaws(TestCase):
    def test_no_order_of_events_passes_a_limit_or_unbalances_the_books(self) -> None:
        run_state_machine_as_test(
            Partnership,
            settings=settings(
                max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
            ),
        )
