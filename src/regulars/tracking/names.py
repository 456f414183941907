"""Event names: those of Segment's specification, however a sender spells them, and the version 1 names as what they are called now."""

from __future__ import annotations

from functools import lru_cache

PAGE_VIEWED = "Page Viewed"
SCREEN_VIEWED = "Screen Viewed"

VERSION_1 = {
    "Viewed Product Category": "Product List Viewed",
    "Viewed Product List": "Product List Viewed",
    "Filtered Product List": "Product List Filtered",
    "Searched Products": "Products Searched",
    "Viewed Product": "Product Viewed",
    "Clicked Product": "Product Clicked",
    "Added Product": "Product Added",
    "Removed Product": "Product Removed",
    "Viewed Cart": "Cart Viewed",
    "Started Checkout": "Checkout Started",
    "Started Order": "Checkout Started",
    "Viewed Checkout Step": "Checkout Step Viewed",
    "Completed Checkout Step": "Checkout Step Completed",
    "Entered Payment Info": "Payment Info Entered",
    "Updated Order": "Order Updated",
    "Completed Order": "Order Completed",
    "Refunded Order": "Order Refunded",
    "Cancelled Order": "Order Cancelled",
    "Canceled Order": "Order Cancelled",
    "Order Canceled": "Order Cancelled",
    "Viewed Promotion": "Promotion Viewed",
    "Clicked Promotion": "Promotion Clicked",
    "Entered Coupon": "Coupon Entered",
    "Applied Coupon": "Coupon Applied",
    "Denied Coupon": "Coupon Denied",
    "Removed Coupon": "Coupon Removed",
    "Added Product to Wishlist": "Product Added to Wishlist",
    "Removed Product from Wishlist": "Product Removed from Wishlist",
    "Added to Wishlist": "Product Added to Wishlist",
    "Shared Product": "Product Shared",
    "Shared Cart": "Cart Shared",
    "Reviewed Product": "Product Reviewed",
    "Subscription Canceled": "Subscription Cancelled",
    "Cancelled Subscription": "Subscription Cancelled",
    "Started Subscription": "Subscription Started",
    "Subscription Created": "Subscription Started",
    "Subscription Reactivated": "Subscription Resumed",
    "Started Trial": "Trial Started",
    "Ended Trial": "Trial Ended",
    "Loaded a Page": PAGE_VIEWED,
    "Viewed a Page": PAGE_VIEWED,
    "Email Clicked": "Email Link Clicked",
    "Email Spam": "Email Marked as Spam",
    "Email Unsubscribed": "Unsubscribed",
}
"""Other names for what the specification has a name for."""

SPOKEN = (
    "Products Searched", "Product List Viewed", "Product List Filtered", "Promotion Viewed", "Promotion Clicked", "Product Clicked",
    "Product Viewed", "Product Added", "Product Removed", "Cart Viewed", "Cart Updated", "Checkout Started", "Checkout Step Viewed",
    "Checkout Step Completed", "Payment Info Entered", "Order Updated", "Order Completed", "Order Refunded", "Order Cancelled",
    "Order Failed", "Coupon Entered", "Coupon Applied", "Coupon Denied", "Coupon Removed", "Product Added to Wishlist",
    "Product Removed from Wishlist", "Wishlist Product Added to Cart", "Product Shared", "Cart Shared", "Product Reviewed",
    "Email Delivered", "Email Opened", "Email Link Clicked", "Email Bounced", "Email Marked as Spam", "Unsubscribed", "Email Sent",
    "Push Notification Received", "Push Notification Tapped", "Push Notification Bounced",
    "Live Chat Conversation Started", "Live Chat Conversation Ended", "Live Chat Message Sent", "Live Chat Message Received",
    "Account Created", "Account Deleted", "Account Added User", "Account Removed User", "Signed Up", "Signed In", "Signed Out",
    "Invite Sent", "Trial Started", "Trial Ended", "Subscription Started", "Subscription Renewed", "Subscription Upgraded",
    "Subscription Downgraded", "Subscription Paused", "Subscription Resumed", "Subscription Cancelled", "Subscription Updated",
    "Survey Invited", "Survey Started", "Survey Answered", "Survey Finished",
    "Ticket Opened", "Ticket Replied", "Ticket Resolved", "Ticket Reopened", "Ticket Closed", "Ticket Rated",
    "Application Installed", "Application Opened", "Application Updated", "Application Backgrounded", "Application Crashed",
    "Application Uninstalled", PAGE_VIEWED, SCREEN_VIEWED,
)  # fmt: skip
"""The names that mean something here: those of the specifications for shops, business software, e-mail, live chat and mobile, and our own."""


def _folded(name: str) -> str:
    return "".join(sign for sign in name.casefold() if sign.isalnum())


_BY_FOLDED = {_folded(name): name for name in SPOKEN} | {_folded(old): new for old, new in VERSION_1.items()}


@lru_cache(maxsize=20_000)
def spelled(name: str) -> str:
    """The name as the specification has it where it means one of its names, else as it came.

    >>> spelled("Completed Order"), spelled("order_completed"), spelled("Tea Drunk")
    ('Order Completed', 'Order Completed', 'Tea Drunk')
    """
    return _BY_FOLDED.get(_folded(name), name)
