"""One module a service: builds it on the ground and hands it what it needs of its neighbours.

Services never import each other; each declares what it needs as a Protocol and gets it here.
"""
