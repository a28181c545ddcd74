# Every habit in one place; ./helm does the work.
.PHONY: build quick test full bench demo up down doctor format clean

build:   ; ./helm build
quick:   ; ./helm test --quick
test:    ; ./helm test
full:    ; ./helm test --full
bench:   ; ./helm bench
demo:    ; ./helm demo
up:      ; ./helm up
down:    ; ./helm down
doctor:  ; ./helm doctor
format:  ; mvn -q -B spotless:apply
clean:   ; mvn -q -B clean && rm -rf target
