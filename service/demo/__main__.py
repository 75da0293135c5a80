"""`python -m service.demo`: the demonstration."""

from service.demo.walk import main

main()
