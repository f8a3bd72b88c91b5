# One target for each thing a person does. Every recipe is one command of tools/ or of a well-known
# program, so that the README can give the same steps for a machine without make.

PYTHON ?= python3
PORT ?= 8000
ifeq ($(OS),Windows_NT)
PY := .venv/Scripts/python.exe
TORCH_PY := .venv-torch/Scripts/python.exe
else
PY := .venv/bin/python
TORCH_PY := .venv-torch/bin/python
endif
READY := .venv/.complete

.DEFAULT_GOAL := help
.PHONY: help book html site pdf epub archive draft test test-torch test-browser test-course bench release grade oral worksheet quiz lab refresh lint lock clean

help: ## list what can be made (the default)
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -m tools.environment

# Stop with an example where a word is missing: $(call given,NAME,EXAMPLE)
given = $(or $($(1)),$(error Say more: make $@ $(2)))

# Say what is missing, and how to install it, before anything else is done.
have-%:
	@$(PYTHON) -m tools.programs $*

book: html ## build the web book and serve it on this machine
	@$(PY) -m tools.serve --port $(PORT)

html: $(READY) ## build the web book into _build/html, live chapters too; a warning is an error
	@$(PY) -m tools.book
	@$(PY) -m tools.live

site: html ## build the book into _build/site so that it needs no other host at all, Python included
	@$(PY) -m tools.live --self-hosted

pdf: have-chromium html ## print the book into one file for paper, _build/html/cnnlab-book.pdf
	@$(PY) -m tools.paper pdf

epub: html ## write the book into one file for e-readers, _build/html/cnnlab-book.epub
	@$(PY) -m tools.paper epub

archive: html ## pack the whole built book into one file to take away, _build/html/cnnlab-book.zip
	@$(PY) -m tools.edition

draft: $(READY) ## build the pages that are written into _build/draft; warnings are shown
	@$(PY) -m tools.book --draft

test: $(READY) ## prove the project right: all tests, and every notebook run again and compared
	$(PY) -m pytest -n auto --dist loadfile --nbval --nbval-current-env --nbval-cell-timeout=300 --nbval-sanitize-with tools/numbers/nbval.cfg -m "not slow" tests book

test-torch: $(READY) ## compare the backend and the training with PyTorch, in an environment of its own
	@$(PY) -m tools.torch_env
	$(TORCH_PY) -m pytest tests_torch

test-browser: have-chromium $(READY) ## look at the book in three browsers, and run the chapters in the page's Python
	$(PY) -m pytest tests/browser

test-course: have-bubblewrap $(READY) ## all tests of the course, the slow ones too
	$(PY) -m pytest -n auto --dist loadfile tests/course

bench: $(READY) ## measure the backend against PyTorch, SciPy and loops; writes the records that chapters quote
	@$(PY) -m tools.torch_env
	$(TORCH_PY) -m bench

release: $(READY) ## make the students' version of a problem set: make release ASSIGNMENT=ps1
	@$(PY) -m course.grader release $(call given,ASSIGNMENT,ASSIGNMENT=ps1)

grade: $(READY) ## grade what was handed in: make grade ASSIGNMENT=ps1 (more words in OPTIONS)
	@$(PY) -m course.grader grade $(call given,ASSIGNMENT,ASSIGNMENT=ps1) $(OPTIONS)

oral: $(READY) ## print three questions about a student's own hand-in: make oral ASSIGNMENT=ps1 STUDENT=ann
	@$(PY) -m course.grader oral $(call given,ASSIGNMENT,ASSIGNMENT=ps1 STUDENT=ann) $(call given,STUDENT,ASSIGNMENT=ps1 STUDENT=ann)

worksheet: $(READY) ## print questions and their key: make worksheet SKILLS="dw-1d dx-1d" COUNT=10 SEED=1; QUIZ=1: for the course's roster
ifdef QUIZ
	@$(PY) -m course.grader quiz $(QUIZ) --skills $(SKILLS) --count $(or $(COUNT),4)
else
	@$(PY) -m tools.practice worksheet --skills $(SKILLS) --count $(or $(COUNT),10) --seed $(or $(SEED),1)
endif

quiz: $(READY) ## write the questions of skills as a question bank for Moodle: make quiz SKILLS="dw-1d dx-1d"
	@$(PY) -m tools.practice quiz --skills $(SKILLS)

lab: $(READY) ## open the chapters in JupyterLab
	@$(PY) -m jupyter trust book/*.ipynb # else JupyterLab shows no stored picture before a cell was run
	$(PY) -m jupyter lab --notebook-dir=book

refresh: $(READY) ## run the notebooks, rewrite their numbers and outputs, normalise them
	@$(PY) -m tools.refresh

lint: $(READY) ## check the style and the types of the code, and the text of the notebooks
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m pyrefly check
	@$(PY) -m tools.lint

lock: $(READY) ## pin every package again: pyproject.toml -> requirements.txt
	$(PY) -m uv pip compile --quiet --universal --python-version 3.11 --all-extras --no-header pyproject.toml -o requirements.txt

clean: ## remove what was built; keep .venv
	rm -rf _build .pytest_cache .ruff_cache .hypothesis
