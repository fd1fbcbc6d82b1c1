"""What installs, starts and shows AeroStream; nothing of it is imported by the product."""
