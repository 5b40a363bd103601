"""Homeport: the board joins the Wi-Fi it knows, or opens a portal and asks."""
