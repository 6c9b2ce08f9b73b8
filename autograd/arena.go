package autograd

import (
	"errors"
	"fmt"

	"huihai/kernels"
)

// arena is the memory of a program and of those that share it with it: one of them
// works in it at a time, from its Begin to the Begin of another.
type arena struct {
	mem   kernels.Mem // nil once freed
	owner *Program    // who frees it
	// tenant is the program whose constants lie in it, nil at first.
	tenant *Program
}

func (a *arena) bound() bool { return a != nil && a.mem != nil }

// Reserve makes the arena that Bind will allocate at least bytes large, so that a
// program with a larger plan can share it.
func (p *Program) Reserve(bytes int64) { p.reserve = max(p.reserve, bytes) }

// BindShared ties the program to the parameters' storage like Bind, but puts it into
// the arena of owner, which is bound and outlives it, instead of one of its own. The
// two take turns: a Begin of either overwrites what the other left, its gradients and
// outputs included, and a step of the other cannot be continued. Nothing is allocated
// or written by the call. A plan that is larger than owner's arena is an error: see
// [Program.Reserve].
func (p *Program) BindShared(params map[string]kernels.Buf, owner *Program) error {
	if err := p.checkParams(params); err != nil {
		return err
	}
	if !owner.room.bound() {
		return errUnbound
	}
	if p.room.bound() && p.room != owner.room {
		return errors.New("autograd: bind: the program has an arena already; close it before it shares another's")
	}
	if have := owner.room.mem.Size(); p.plan.ArenaBytes > have {
		return fmt.Errorf("autograd: bind: the program needs %d bytes more than the %d of the arena that it is to share", p.plan.ArenaBytes-have, have)
	}
	p.room = owner.room
	p.tie(params)
	return nil
}

// enter makes p the one that works in the arena. Constants lie in it and not
// elsewhere, so they are written again after another program had its turn.
func (p *Program) enter() error {
	if !p.room.bound() {
		return errUnbound
	}
	if p.room.tenant == p {
		return nil
	}
	p.room.tenant = nil // whatever fails below, the arena holds neither's constants
	for _, v := range p.inputs {
		if v.leaf.kind != constInput {
			continue
		}
		if err := kernels.Write(p.dev, p.bufs[v], v.leaf.value); err != nil {
			return fmt.Errorf("autograd: constant %s: %w", v.name, err)
		}
	}
	p.room.tenant = p
	return nil
}

// inside reports what keeps a step from going on.
func (p *Program) inside() error {
	if !p.room.bound() {
		return errUnbound
	}
	if p.room.tenant != p {
		return errNotInside
	}
	return nil
}

var (
	errUnbound   = errors.New("autograd: the program is not bound; call Bind first")
	errNotInside = errors.New("autograd: no step of this program is under way; call Begin first, also after another program used the arena")
)

// Close implements gorgonia.VM: it frees the arena, unless that is another's. The
// programs that share it are unbound with it.
func (p *Program) Close() error {
	if !p.room.bound() {
		return nil
	}
	err := p.dev.Sync()
	if p.room.owner == p {
		p.dev.Free(p.room.mem)
		p.room.mem = nil
	} else if p.room.tenant == p {
		p.room.tenant = nil
	}
	p.room, p.bufs, p.phases = nil, nil, [epilogue + 1][]launch{}
	return err
}
